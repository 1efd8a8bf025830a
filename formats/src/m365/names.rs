//! The names of Microsoft 365, Entra and Azure records that the mapping reads.

use crate::row::slots;

slots! {
    /// A field of such a record. What Azure Monitor wraps stands under `properties`.
    M {
        // Unified audit log.
        CreationTime = "CreationTime" | "CreationDate", Id = "Id", Operation = "Operation" | "Operations", RecordType = "RecordType",
        ResultStatus = "ResultStatus", UserKey = "UserKey", UserType = "UserType", Workload = "Workload", UserId = "UserId",
        ClientIp = "ClientIP" | "ClientIPAddress" | "ActorIpAddress", ObjectId = "ObjectId", Organization = "OrganizationId",
        LogonError = "LogonError" | "ErrorNumber", UserAgent = "UserAgent" | "ClientInfoString", SiteUrl = "SiteUrl",
        SourceFileName = "SourceFileName", SourceRelativeUrl = "SourceRelativeUrl", FileExtension = "SourceFileExtension",
        ApplicationId = "ApplicationId" | "AppId", MailboxOwner = "MailboxOwnerUPN", MailSubject = "Item.Subject",
        TargetUser = "TargetUserOrGroupName",
        // Entra sign-ins.
        Created = "createdDateTime" | "properties.createdDateTime", EntraId = "id" | "properties.id",
        Upn = "userPrincipalName" | "properties.userPrincipalName", EntraUserId = "userId" | "properties.userId",
        DisplayName = "userDisplayName" | "properties.userDisplayName", Ip = "ipAddress" | "properties.ipAddress",
        App = "appDisplayName" | "properties.appDisplayName", AppId = "appId" | "properties.appId",
        ClientApp = "clientAppUsed" | "properties.clientAppUsed", ErrorCode = "status.errorCode" | "properties.status.errorCode",
        FailureReason = "status.failureReason" | "properties.status.failureReason", Agent = "userAgent" | "properties.userAgent",
        Resource = "resourceDisplayName" | "properties.resourceDisplayName",
        Requirement = "authenticationRequirement" | "properties.authenticationRequirement",
        City = "location.city" | "properties.location.city", State = "location.state" | "properties.location.state",
        Country = "location.countryOrRegion" | "properties.location.countryOrRegion",
        Interactive = "isInteractive" | "properties.isInteractive", SessionId = "sessionId" | "properties.sessionId",
        ServicePrincipal = "servicePrincipalName" | "properties.servicePrincipalName",
        ServicePrincipalId = "servicePrincipalId" | "properties.servicePrincipalId",
        DeviceName = "deviceDetail.displayName" | "properties.deviceDetail.displayName",
        // Entra audit.
        ActivityTime = "activityDateTime" | "properties.activityDateTime", Activity = "activityDisplayName" | "properties.activityDisplayName",
        Result = "result" | "properties.result", ResultReason = "resultReason" | "properties.resultReason",
        ByUser = "initiatedBy.user.userPrincipalName" | "properties.initiatedBy.user.userPrincipalName",
        ByUserId = "initiatedBy.user.id" | "properties.initiatedBy.user.id",
        ByIp = "initiatedBy.user.ipAddress" | "properties.initiatedBy.user.ipAddress",
        ByApp = "initiatedBy.app.displayName" | "properties.initiatedBy.app.displayName",
        ByAppId = "initiatedBy.app.servicePrincipalId" | "properties.initiatedBy.app.servicePrincipalId",
        TargetName = "targetResources.displayName" | "properties.targetResources.displayName",
        TargetId = "targetResources.id" | "properties.targetResources.id",
        TargetUpn = "targetResources.userPrincipalName" | "properties.targetResources.userPrincipalName",
        TargetType = "targetResources.type" | "properties.targetResources.type",
        LoggedBy = "loggedByService" | "properties.loggedByService", Correlation = "correlationId" | "properties.correlationId",
        // Azure Monitor and the activity log.
        Time = "time", AzureCategory = "category", OperationName = "operationName", ResultType = "resultType",
        ResultSignature = "resultSignature", CallerIp = "callerIpAddress", ResourceId = "resourceId", TenantId = "tenantId",
        Identity = "identity", Caller = "caller" | "identity.claims.name", Description = "resultDescription",
    }
}
